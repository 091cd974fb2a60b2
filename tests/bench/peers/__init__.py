"""The works that training is measured by, and a worker for each program that does them."""
