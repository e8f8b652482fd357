// Sets the colour scheme before the first paint, so that a dark console never flashes white.
(function () {
  var stored = null;
  try {
    stored = window.localStorage.getItem('tierdeck-colour-scheme');
  } catch {
    /* storage is switched off: follow the system */
  }
  var dark =
    stored === 'dark' || (stored !== 'light' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
