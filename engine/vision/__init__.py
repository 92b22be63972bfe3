"""People in the picture: detection, tracking, landmarks, identity, speaking."""
