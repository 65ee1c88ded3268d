"""What Home Assistant is shown of farms, by its MQTT discovery on a broker of the farmer's."""
