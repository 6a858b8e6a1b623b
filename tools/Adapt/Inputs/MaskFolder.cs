namespace SelfAdapt.Tool.Inputs;

/// <summary>
/// Finds masks by name: NAME_cp_masks.*, NAME_masks.*, and in a folder of labels without such names NAME.*.
/// </summary>
internal static class MaskFolder
{
    /// <summary>What masks' names end in, before their extension, where nothing else is said.</summary>
    public const string Ending = "_masks";

    /// <summary>What the names of masks that a network found end in.</summary>
    public const string CellposeEnding = "_cp_masks";
    private const string ImageEnding = "_img";

    // In order of preference where one name has several files.
    private static readonly string[] Extensions = [".tif", ".tiff", ".png", ".npy"];

    // Last are files of the caller's own kind.
    private static int Places => Extensions.Length + 1;

    private static int PlainRank => 2 * Places;

    /// <summary>What a folder's masks are taken for.</summary>
    public enum Role
    {
        /// <summary>What a network found: NAME_cp_masks before NAME_masks.</summary>
        Predictions,

        /// <summary>The truth: NAME_masks, then NAME_cp_masks, then NAME.</summary>
        Labels,
    }

    /// <summary>The name that an image shares with its masks: its own, without an ending _img.</summary>
    /// <param name="imageName">The image's file name without extension.</param>
    public static string Key(string imageName) =>
        imageName.EndsWith(ImageEnding, StringComparison.Ordinal) ? imageName[..^ImageEnding.Length]
            : imageName;

    /// <summary>The mask files of a folder by the name they share with their image.</summary>
    /// <param name="role">What they are taken for.</param>
    /// <param name="ending">What their names end in.</param>
    /// <param name="others">Which files count beside label images; null: none.</param>
    /// <exception cref="SelfAdaptException">NoUsableInput: there is no such folder, or no mask in
    /// it.</exception>
    public static IReadOnlyDictionary<string, string> List(string folder, Role role, string ending = Ending, Predicate<string>? others = null)
    {
        string[] files;
        try
        {
            files = Directory.GetFiles(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string why = Directory.Exists(folder) ? e.Message : "there is no such folder.";
            throw new SelfAdaptException(ErrorKind.UnreadableInput, folder, $"can't be read: {why}", e);
        }

        (string File, (string Key, int Rank) Name)[] masks = [.. files
            .Select(f => (File: f, Name: Recognise(f, role, ending, others)))
            .Where(f => f.Name.Rank >= 0)
            .OrderBy(f => f.Name.Rank)];

        // Beside files that are called masks, plain names are images.
        bool named = masks.Length > 0 && masks[0].Name.Rank < PlainRank;
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        foreach ((string key, string file) in masks
            .Where(f => !named || f.Name.Rank < PlainRank)
            .OrderBy(f => f.Name.Rank)
            .ThenBy(f => f.File, StringComparer.Ordinal)
            .Select(f => (f.Name.Key, f.File)))
        {
            found.TryAdd(key, file);
        }

        string names =
            role == Role.Labels ? $"NAME{ending}, NAME_cp_masks or NAME" : $"NAME_cp_masks or NAME{ending}";
        return found.Count > 0
            ? found
            : throw new SelfAdaptException(
                ErrorKind.UnreadableInput, folder, $"holds no masks ({names}, as .tif, .png or .npy).");
    }

    /// <summary>Refuses masks of another size than what they belong to.</summary>
    /// <param name="what">The file that they belong to.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: rows or columns differ.</exception>
    public static void RequireSameSize((int Height, int Width) masks, string file, (int Height, int Width) size, string what)
    {
        if (masks != size)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, file,
                $"has {masks.Height}x{masks.Width} pixels, but {what} has {size.Height}x{size.Width}. Masks belong to an image of "
                + "their size.");
        }
    }

    /// <summary>The shared name and the place in the order of preference; rank -1 if it is no mask.</summary>
    private static (string Key, int Rank) Recognise(string file, Role role, string ending, Predicate<string>? others)
    {
        string stem = Path.GetFileNameWithoutExtension(file);
        int extension = Array.IndexOf(Extensions, Path.GetExtension(file).ToLowerInvariant());
        if (extension < 0 && others?.Invoke(file) == true)
        {
            extension = Extensions.Length;
        }

        bool labels = role == Role.Labels;
        (string key, int form) = stem switch
        {
            _ when extension < 0 || stem.StartsWith('.') => (stem, -1),
            _ when Ends(stem, CellposeEnding) => (Key(stem[..^CellposeEnding.Length]), labels ? 1 : 0),
            _ when Ends(stem, ending) => (Key(stem[..^ending.Length]), labels ? 0 : 1),
            _ when labels && !Ends(stem, ImageEnding) && !Ends(stem, "_cp_output") => (stem, 2),
            _ => (stem, -1),
        };
        return (key, form < 0 ? -1 : (form * Places) + extension);
    }

    private static bool Ends(string stem, string ending) => stem.EndsWith(ending, StringComparison.Ordinal);
}
