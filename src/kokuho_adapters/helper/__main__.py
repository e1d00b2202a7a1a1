"""``python -m kokuho_adapters.helper``: the second process, started by the first one alone."""

from kokuho_adapters.helper.serving import serve

if __name__ == "__main__":
    serve()
