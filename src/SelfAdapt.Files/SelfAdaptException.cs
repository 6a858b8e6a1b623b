namespace SelfAdapt;

/// <summary>What kind of thing went wrong: what a program decides by, and the command line chooses its exit code by.</summary>
public enum ErrorKind
{
    /// <summary>An option, or a combination of options, is out of its range or does not make sense.</summary>
    InvalidOption,

    /// <summary>No usable image was found, or a file that must be read can't be.</summary>
    UnreadableInput,

    /// <summary>The model file is truncated, malformed or not of a kind that is read.</summary>
    ModelMalformed,

    /// <summary>The model holds an operator, or a use of one, that can't be trained here.</summary>
    ModelUnsupported,

    /// <summary>What the model's output channels mean is not known, or was described with another number of them.</summary>
    OutputsUnknown,

    /// <summary>Model and images do not fit each other (channel count).</summary>
    ModelImageMismatch,

    /// <summary>A device or library that was asked for is missing.</summary>
    DeviceMissing,

    /// <summary>Memory ran out.</summary>
    OutOfMemory,

    /// <summary>The numbers ran away (NaN, infinity) and no good checkpoint exists.</summary>
    Numerics,

    /// <summary>The state to go on from belongs to another run: other images, options or model.</summary>
    OtherRun,

    /// <summary>The output is already there.</summary>
    OutputExists,

    /// <summary>The output can't be written.</summary>
    OutputNotWritable,
}

/// <summary>
/// An error that a user can act on. Its message says what is wrong, where, why, and what to do next; it names no
/// command-line flag.
/// </summary>
public sealed class SelfAdaptException : Exception
{
    /// <summary>Makes an error.</summary>
    /// <param name="kind">What kind of thing went wrong.</param>
    /// <param name="message">What, where, why, and what next.</param>
    /// <param name="inner">The cause; null for none.</param>
    public SelfAdaptException(ErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    /// <summary>Makes an error about a file.</summary>
    /// <param name="kind">What kind of thing went wrong.</param>
    /// <param name="file">The file, or what goes for its name; the message begins with it.</param>
    /// <param name="message">What, where in it, why, and what next.</param>
    /// <param name="inner">The cause; null for none.</param>
    public SelfAdaptException(ErrorKind kind, string file, string message, Exception? inner = null)
        : this(kind, $"{file}: {message}", inner) => File = file;

    /// <summary>What kind of thing went wrong.</summary>
    public ErrorKind Kind { get; }

    /// <summary>The file that it is about; null where it is about none.</summary>
    public string? File { get; }
}
