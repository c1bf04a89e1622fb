"""Learning platforms by their web services: what is common to them; each has its calls in a folder of its own."""
