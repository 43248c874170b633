"""What is measured of digits: each module is one study."""
