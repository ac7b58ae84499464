// The events of a feed as node-ical reads them; instants in UTC.
const ical = require("node-ical");

const events = Object.values(ical.sync.parseFile(process.argv[2]))
  .filter((each) => each.type === "VEVENT")
  .map((event) => ({
    summary: event.summary,
    start: event.start.toISOString(),
    end: event.end.toISOString(),
    all_day: event.datetype === "date",
    status: event.status,
    place: event.location,
  }));
console.log(JSON.stringify(events));
