"""What people write: who may reach which application, and the same documents as custom resources of a cluster."""
