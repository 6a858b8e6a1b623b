namespace SelfAdapt.Tool.Models;

/// <summary>Cellpose's own models, which go by bare names and lie in a folder of its own.</summary>
internal static class CellposeModels
{
    /// <summary>The diameter that Cellpose trains its networks for cells at, px.</summary>
    public const int Diameter = 30;

    private const string FolderVariable = "CELLPOSE_LOCAL_MODELS_PATH";
    private const string FirstTorchVersion = "torch_0";

    private static readonly string[] OldNames = ["cyto", "cyto2", "nuclei"];

    private static readonly string[] Names =
    [
        .. OldNames, "cyto3", "tissuenet_cp3", "livecell_cp3", "yeast_PhC_cp3", "yeast_BF_cp3", "bact_phase_cp3",
        "bact_fluor_cp3", "deepbacs_cp3",
    ];

    /// <summary>Where they lie; the folder may be absent.</summary>
    public static string Folder => Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cellpose", "models");

    /// <summary>The file that a bare name stands for; what was given where there is none.</summary>
    public static string Find(string given) => !IsBareName(given) || Path.Exists(given)
        ? given
        : new[] { given, given + FirstTorchVersion }.Select(n => Path.Combine(Folder, n)).FirstOrDefault(File.Exists)
            ?? given;

    /// <summary>Where to get a model that is not there; "" where it was not given by a bare name.</summary>
    public static string WhereToGet(string given) => !IsBareName(given) ? ""
        : $" Nor is it in Cellpose's folder, {Folder} ({FolderVariable} names another)."
            + (Names.Contains(given)
                ? " Cellpose loads its models down when it first runs them; this one is "
                    + $"https://www.cellpose.org/models/{given}{(OldNames.Contains(given) ? FirstTorchVersion : "")}"
                : "");

    private static bool IsBareName(string given) =>
        given.Length > 0 && given == Path.GetFileName(given) && !Path.HasExtension(given) && !given.Contains('\0');
}
