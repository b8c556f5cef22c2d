"""What whoever runs Headway sees of all owners together, and does: workers, queues, trouble, storage, retention."""
