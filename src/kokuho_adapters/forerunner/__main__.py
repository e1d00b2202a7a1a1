"""``python -m kokuho_adapters.forerunner``: the second process, started by the first one alone."""

from kokuho_adapters.forerunner.serving import serve

if __name__ == "__main__":
    serve()
