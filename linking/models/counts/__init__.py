"""What is counted: by the day and the hour, by the token endpoint and by all processes; and the refused tokens."""
