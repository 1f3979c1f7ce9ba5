"""The U-Net's last layers adapted to a clinic's own corrected heads."""
