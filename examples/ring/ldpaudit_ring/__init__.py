"""A protocol, an attack, a bound and a report of one's own; ldpaudit finds them by name."""
