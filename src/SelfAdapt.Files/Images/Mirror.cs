namespace SelfAdapt.Files.Images;

internal static class Mirror
{
    /// <summary>
    /// The index inside 0..length-1 that stands for <paramref name="i"/>: mirrored at the ends without
    /// repeating the end itself (-1 is 1), as often as it takes.
    /// </summary>
    public static int Index(int i, int length)
    {
        if ((uint)i < (uint)length)
        {
            return i;
        }

        if (length == 1)
        {
            return 0;
        }

        int period = 2 * (length - 1);
        int folded = ((i % period) + period) % period;
        return folded < length ? folded : period - folded;
    }
}
