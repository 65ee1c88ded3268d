"""What is to be looked at: days of animals, alerts, who is told, messages in vain, live news, the node itself."""
