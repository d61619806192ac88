"""What the console does when asked: questions to the services that own the answers, put together for people."""
