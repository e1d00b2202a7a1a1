"""窓口 on Django: ``python examples/madoguchi/on_django.py``, then open 127.0.0.1:8000 in a browser."""

import os

from counter.setting_up import asked

if __name__ == "__main__":
    options = asked("A municipal counter on Django.")
    os.environ["MADOGUCHI_FOLDER"] = str(options.folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "django_site.settings"

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("runserver", f"127.0.0.1:{options.port}", "--noreload", "--skip-checks")
