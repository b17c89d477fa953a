"""What people do with documents on a desk: make templates of them, see what has drifted."""
