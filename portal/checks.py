"""What `manage.py check --deploy` says of an installation's settings."""

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def proxies(app_configs, **kwargs):
    """The portal itself speaks no TLS: where the public address is https, a proxy stands in front and must be counted."""
    if not settings.PUBLIC_URL.startswith("https://") or settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        return []
    told = "PARVIS_TRUSTED_PROXIES is 0, but the public address is https: a proxy stands in front of the portal."
    hint = (
        "Set PARVIS_TRUSTED_PROXIES to how many proxies add to X-Forwarded-For. With 0 all visitors share the address of "
        "the last one: ten wrong passwords of one slow the sign-in of everybody."
    )
    return [Warning(told, hint=hint, id="portal.W001")]
