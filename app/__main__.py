"""`python -m app` is the same as `layerloom`."""

from app.cli import main

if __name__ == "__main__":
    main()
