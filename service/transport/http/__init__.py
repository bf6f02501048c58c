"""What any HTTP request passes, whoever answers it: proxies, origins, room, body, refusals."""
