from modest_local.main import main

main()
