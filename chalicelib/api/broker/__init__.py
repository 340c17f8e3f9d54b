"""The broker dialect: ``/api/user``, ``/api/common``, ``/api/oauth2``. Bodies are forms or JSON, answers bare JSON."""
