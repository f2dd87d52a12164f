// Shows how many kettles are left.
fetch('/api/stock').then(answer => answer.json()).then(stock => {
  document.title += ` (${stock.kettles ?? 0})`;
});
