// What pages gain from a script; every page can be read and used without it.
(() => {
  'use strict';

  // [data-copy="#id"] copies the text of that element. Made visible only here: without script it could do nothing.
  const copy = async (button) => {
    const from = document.querySelector(button.dataset.copy);
    if (!from) return;
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText('value' in from ? from.value : from.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(from);
      button.textContent = 'Press Ctrl+C';
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-copy]');
    if (button) copy(button);
    const all = event.target.closest('[data-check-all]');
    if (all) document.querySelectorAll(all.dataset.checkAll).forEach((box) => { box.checked = all.checked; });
  });

  // Forms with data-confirm ask once more and name what is lost.
  document.addEventListener('submit', (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !confirm(question)) event.preventDefault();
  });

  // <time datetime> in the viewer's zone, UTC on hover.
  const dress = (root) => {
    root.querySelectorAll('[data-copy][hidden]').forEach((button) => { button.hidden = false; });
    root.querySelectorAll('time[datetime*="T"]:not([title])').forEach((time) => {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf())) return;
      time.title = `${time.dateTime} (UTC)`;
      time.textContent = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    });
  };
  dress(document);
  // A page that streams grows after the script ran.
  document.querySelectorAll('[data-grows]').forEach((part) => {
    new MutationObserver(() => dress(part)).observe(part, { childList: true, subtree: true });
  });

  // [data-refresh="5"] asks for the page anew after so many seconds.
  const refresh = document.querySelector('[data-refresh]');
  if (refresh) setTimeout(() => location.reload(), Number(refresh.dataset.refresh) * 1000);
})();
