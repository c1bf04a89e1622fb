"""What confines a process: namespaces, system-call filters, Landlock, control groups, deadlines and cleaning up."""
