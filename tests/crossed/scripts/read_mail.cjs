// A letter as mailparser reads it.
const { readFileSync } = require("node:fs");
const { simpleParser } = require("mailparser");

simpleParser(readFileSync(process.argv[2])).then((mail) => {
  const addresses = (field) => (field ? field.value.map((each) => [each.name, each.address]) : []);
  console.log(
    JSON.stringify({
      subject: mail.subject,
      text: mail.text,
      html: mail.html || "",
      from: addresses(mail.from),
      to: addresses(mail.to),
      reply_to: addresses(mail.replyTo),
      message_id: mail.messageId,
      attachments: mail.attachments.map((each) => each.filename),
    }),
  );
});
