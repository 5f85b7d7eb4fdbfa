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

  // [data-load-on-click="/path"] is filled the same way once its link is followed: what it looks up takes seconds.
  document.querySelectorAll('[data-load-on-click]').forEach((place) => {
    const link = place.querySelector('a');
    link?.addEventListener('click', async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const busy = document.createElement('p');
      busy.className = 'soft busy';
      busy.textContent = 'Looking…';
      place.replaceChildren(busy);
      try {
        const answer = await fetch(place.dataset.loadOnClick, { credentials: 'same-origin' });
        const part = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('#part');
        if (!answer.ok || !part) throw new Error(answer.statusText);
        place.replaceChildren(...part.childNodes);
      } catch {
        busy.textContent = 'That did not work. ';
        busy.append(link);
      }
    });
  });

  // A path that is handed on gets the address of this server before it.
  document.querySelectorAll('[data-origin]').forEach((path) => { path.textContent = location.origin + path.textContent; });

  // [data-file="#id"] reads a chosen file into that text field.
  document.querySelectorAll('[data-file]').forEach((field) => {
    field.hidden = false;
    field.querySelector('input').addEventListener('change', async (event) => {
      const [file] = event.target.files;
      if (file) document.querySelector(field.dataset.file).value = await file.text();
    });
  });
})();
