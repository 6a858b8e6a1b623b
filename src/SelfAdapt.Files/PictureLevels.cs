namespace SelfAdapt.Files;

/// <summary>What is said of levels: an image, and smaller copies of it, numbered from 0.</summary>
internal static class PictureLevels
{
    /// <summary>The error for a level that is not there.</summary>
    /// <param name="copies">How many smaller copies there are.</param>
    public static SelfAdaptException Missing(string name, int level, int copies) => new(
        ErrorKind.UnreadableInput, name,
        copies == 0
            ? $"it has no level {level}: it holds the image in its full size alone, which is level 0."
            : $"it has no level {level}: its levels are 0, the full size, to {copies}.");
}
