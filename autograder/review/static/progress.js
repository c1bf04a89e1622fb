// Shows how far a class is that is being graded, as the server says it.
"use strict";

const line = document.getElementById("progress");
const events = new EventSource(line.dataset.from);
events.onmessage = (event) => { line.textContent = event.data; };
events.addEventListener("ended", (event) => {
  line.textContent = event.data;
  events.close();
});
