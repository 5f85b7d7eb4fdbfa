// Search without a server: the entries stand in entries.js. The pages can be read without it.
(function () {
  "use strict";
  var box = document.getElementById("q");
  var found = document.getElementById("found");
  var hits = document.getElementById("hits");
  if (!box || !found || !hits || !window.ENTRIES) { return; }

  function plain(text) { return text.toLowerCase().replace(/[‘’]/g, "'").replace(/\s+/g, " ").trim(); }

  // How much the words weigh in an entry; 0 when one of them does not occur.
  function weight(entry, words) {
    var sum = 0;
    for (var i = 0; i < words.length; i += 1) {
      if (entry.c.indexOf(words[i]) >= 0) { sum += 8; }
      else if (entry.h.indexOf(words[i]) >= 0) { sum += 4; }
      else if (entry.b.indexOf(words[i]) >= 0) { sum += 1; }
      else { return 0; }
    }
    return sum;
  }

  function show() {
    var query = plain(box.value);
    var words = query.split(" ").filter(Boolean);
    hits.textContent = "";
    found.hidden = words.length === 0;
    if (words.length === 0) { return; }
    var ranked = window.ENTRIES
      .map(function (entry) { return { entry: entry, weight: weight(entry, words) }; })
      .filter(function (one) { return one.weight > 0; })
      .sort(function (a, b) { return b.weight - a.weight || a.entry.i.length - b.entry.i.length; })
      .slice(0, 40);
    ranked.forEach(function (one) {
      var row = document.createElement("li");
      var link = document.createElement("a");
      var code = document.createElement("b");
      var title = document.createElement("span");
      link.href = one.entry.i + ".html";
      code.className = "code";
      code.textContent = one.entry.k;
      title.textContent = one.entry.t;
      link.append(code, " ", title);
      row.append(link);
      hits.append(row);
    });
    if (ranked.length === 0) {
      var none = document.createElement("li");
      none.textContent = "No entry holds all these words. Try fewer, or only the code.";
      hits.append(none);
    }
  }

  var asked = new URLSearchParams(window.location.search).get("q");
  if (asked) { box.value = asked; }
  box.addEventListener("input", show);
  box.form.addEventListener("submit", function (event) { event.preventDefault(); show(); found.scrollIntoView(); });
  show();
}());
