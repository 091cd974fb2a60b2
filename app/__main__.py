"""`python -m app` is the same as `layerloom`."""

from app.start import main

if __name__ == "__main__":
    main()
