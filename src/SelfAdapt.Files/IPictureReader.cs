namespace SelfAdapt.Files;

/// <summary>
/// A file of one or more images whose pixels are decoded where they are asked for: channels of one position are one image, each
/// slice and time point is an image of its own.
/// </summary>
internal interface IPictureReader : IDisposable
{
    /// <summary>What the format is called.</summary>
    string Format { get; }

    int ImageCount { get; }

    /// <summary>What was left out or is not as the file says; empty for nothing.</summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>Whether its images are the planes of one stack or the times of one place, not both or of several places.</summary>
    bool IsOneStack { get; }

    /// <summary>How the images lie in depth and time; null where they are no such grid.</summary>
    StackShape? Shape { get; }

    /// <summary>How the file's planes were understood, in one line.</summary>
    string Understood { get; }

    /// <summary>How many smaller copies of the images the file holds.</summary>
    int Levels { get; }

    /// <summary>The size of an image.</summary>
    (int Channels, int Height, int Width) SizeOf(int index);

    /// <summary>Rows of an image that are decoded together.</summary>
    int RowsPerBlock(int index);

    /// <summary>Number type of an image's values as stored.</summary>
    SampleKind KindOf(int index);

    /// <summary>The value that stands for "no data" in an image; null if none does.</summary>
    double? NoDataOf(int index);

    /// <summary>Decodes rows of one image.</summary>
    /// <param name="rowCount">How many, at least 1.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: its data are damaged.</exception>
    Raster Decode(int index, int firstRow, int rowCount);

    /// <summary>Decodes one image.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: its data are damaged.</exception>
    Raster Decode(int index) => Decode(index, 0, SizeOf(index).Height);
}
