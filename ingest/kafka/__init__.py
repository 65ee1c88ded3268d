"""The bridge from MQTT to Kafka: messages packed into records, each acknowledged when Kafka has its record."""
