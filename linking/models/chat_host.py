"""Which of Zendesk's two addresses of the Chat API answered, where an integration leaves that to be found out."""

from django.db import models


class ChatHost(models.Model):
    """The address found for an integration whose address is `auto`; a row appears with the first look.

    `subdomain`: what was looked for; an address found for another one is worth nothing. `url`: the address that
    answered as Chat does, "" before any did. `doubted_at`: since when calls to it failed.
    """

    integration = models.OneToOneField("linking.Integration", on_delete=models.CASCADE, related_name="chat_host")
    subdomain = models.CharField(max_length=63, blank=True)
    url = models.CharField(max_length=300, blank=True)
    looked_at = models.DateTimeField(null=True)
    doubted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.subdomain} {self.url}"
