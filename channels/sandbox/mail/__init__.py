"""Mailboxes to play with: mail to the service and from it, and what a mailbox does by itself.

`to_service` and `from_service` are the two ways mail goes, `mailboxes` what is kept, `letters` the mails that machines
write, `reading` what a mail says, `control_mail` the control API's part. No sockets here.
"""
