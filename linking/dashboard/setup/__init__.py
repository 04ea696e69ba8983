"""Set-up pages: wiring the widget, the checklist, Connect with Zendesk, the token doctor, what tokens were answered."""
