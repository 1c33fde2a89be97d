int amalgam_png_room;
