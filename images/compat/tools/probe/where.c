const char *where(void)
{
    return WHERE;
}
