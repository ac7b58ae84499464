"""Tools of the checkout: private servers, the demo, the lock of the dependencies. The standard library only."""
