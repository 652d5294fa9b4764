"""Black-box test kit: processes under test, raw protocol clients, shapes of answers."""
