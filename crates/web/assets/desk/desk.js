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

  // [data-live="/path"]: what that stream tells comes to the top of #events as it happens. WHATWG HTML §9.2.
  document.querySelectorAll('[data-live]').forEach((live) => {
    const MOST = 200;
    const [state, pause, rows] = [live.querySelector('.state'), live.querySelector('button'), document.querySelector('#events')];
    const kind = document.querySelector('#kind');
    const kinds = kind.value ? [kind.value] : [...kind.options].map((one) => one.value).filter(Boolean);
    const say = (tone, word) => { state.className = `state ${tone}`; state.textContent = word; };
    const waiting = [];
    let paused = false;
    const put = ({ at, event }) => {
      const row = rows.insertRow(0);
      const time = document.createElement('time');
      time.dateTime = at;
      time.textContent = `${at.slice(0, 16).replace('T', ' ')} UTC`;
      row.insertCell().append(time);
      row.insertCell().textContent = event.kind;
      const told = Object.entries(event).filter(([name, value]) => name !== 'kind' && value !== null
        && (typeof value !== 'object' || Array.isArray(value)));
      const words = told.map(([name, value]) => `${name.replaceAll('_', ' ')}: ${Array.isArray(value) ? JSON.stringify(value) : value}`);
      const cell = row.insertCell();
      cell.className = 'any';
      cell.textContent = words.join(' · ');
      while (rows.rows.length > MOST) rows.deleteRow(-1);
    };
    const take = (message) => {
      const told = JSON.parse(message.data);
      if (!paused) { put(told); return; }
      waiting.push(told);
      if (waiting.length > MOST) waiting.shift();
      say('unknown', `paused, ${waiting.length} new`);
    };
    const stream = new EventSource(live.dataset.live);
    kinds.forEach((one) => stream.addEventListener(one, take));
    stream.addEventListener('open', () => { if (!paused) say('ok', 'live'); });
    stream.addEventListener('error', () => {
      if (stream.readyState === EventSource.CLOSED) say('bad', 'not live: load the page anew'); else say('warn', 'connecting again');
    });
    pause.addEventListener('click', () => {
      paused = !paused;
      pause.setAttribute('aria-pressed', String(paused));
      pause.textContent = paused ? 'Go on' : 'Pause';
      if (paused) { say('unknown', 'paused'); return; }
      waiting.splice(0).forEach(put);
      say('ok', 'live');
    });
    live.hidden = false;
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
