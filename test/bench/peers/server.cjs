// unleash-server with its defaults; everything else comes from its own environment variables.
require('unleash-server').start();
