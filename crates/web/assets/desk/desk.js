// What the dashboard gains from a script; every page can be read without it.
(() => {
  'use strict';

  // [data-load="/path"] is filled with the part #part of that page.
  document.querySelectorAll('[data-load]').forEach(async (place) => {
    if (!place.querySelector('a[href="' + place.dataset.load + '"]')) return;
    try {
      const answer = await fetch(place.dataset.load, { credentials: 'same-origin' });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const part = page.querySelector('#part');
      if (part) place.replaceChildren(...part.childNodes);
    } catch { /* The link stays. */ }
  });

  // [data-file="#id"] reads a chosen file into that text field.
  document.querySelectorAll('[data-file]').forEach((field) => {
    field.hidden = false;
    field.querySelector('input').addEventListener('change', async (event) => {
      const [file] = event.target.files;
      if (file) document.querySelector(field.dataset.file).value = await file.text();
    });
  });
})();
