"""What an adopter configures: the settings and the choreography."""
