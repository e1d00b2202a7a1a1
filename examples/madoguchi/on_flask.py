"""窓口 on Flask: ``python examples/madoguchi/on_flask.py``, then open 127.0.0.1:8000 in a browser."""

from counter.setting_up import asked
from flask_site.app import create_app

if __name__ == "__main__":
    options = asked("A municipal counter on Flask and SQLAlchemy.")
    create_app(options.folder).run(host="127.0.0.1", port=options.port)
