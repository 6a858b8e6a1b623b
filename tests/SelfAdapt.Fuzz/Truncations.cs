namespace SelfAdapt.Fuzz;

/// <summary>A file cut off: at every byte of its first part, then now and then.</summary>
internal static class Truncations
{
    private const int EachByte = 20_000;
    private const int Step = 97;

    /// <summary>The beginnings of a file, shortest first; the number is the length.</summary>
    /// <param name="file">The file.</param>
    public static IEnumerable<(int Length, byte[] Content)> Of(byte[] file)
    {
        for (int length = 0; length < file.Length; length += length < EachByte ? 1 : Step)
        {
            yield return (length, file[..length]);
        }
    }
}
