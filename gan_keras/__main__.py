"""`python -m gan_keras` runs the command line."""

from gan_keras.cli import main

if __name__ == "__main__":
    main()
