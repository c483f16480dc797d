"""What plugin tests import: packets to feed, conversations to hold, checks that every protocol must stand."""
