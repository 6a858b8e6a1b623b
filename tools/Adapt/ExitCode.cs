namespace SelfAdapt.Tool;

/// <summary>The exit codes of the command line; README.md documents the same table.</summary>
internal enum ExitCode
{
    Ok = 0,

    Unexpected = 1,

    Usage = 2,
    NoUsableInput = 3,
    ModelMalformed = 4,
    DeviceMissing = 5,
    OutOfMemory = 6,
    Numerics = 7,

    /// <summary>Done, but for files that were passed over.</summary>
    Partly = 8,

    ModelUnsupported = 9,
    ModelImageMismatch = 10,
    OutputExists = 11,
    OutputNotWritable = 12,

    /// <summary>Stopped by Ctrl-C; what was reached was kept.</summary>
    Cancelled = 130,
}

/// <summary>What the command line exits with for each kind of error.</summary>
internal static class ExitCodes
{
    public static ExitCode Of(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidOption => ExitCode.Usage,
        ErrorKind.UnreadableInput => ExitCode.NoUsableInput,
        ErrorKind.ModelMalformed => ExitCode.ModelMalformed,
        ErrorKind.OtherRun => ExitCode.Usage,
        ErrorKind.ModelUnsupported or ErrorKind.OutputsUnknown => ExitCode.ModelUnsupported,
        ErrorKind.ModelImageMismatch => ExitCode.ModelImageMismatch,
        ErrorKind.DeviceMissing => ExitCode.DeviceMissing,
        ErrorKind.OutOfMemory => ExitCode.OutOfMemory,
        ErrorKind.Numerics => ExitCode.Numerics,
        ErrorKind.OutputExists => ExitCode.OutputExists,
        ErrorKind.OutputNotWritable => ExitCode.OutputNotWritable,
        _ => ExitCode.Unexpected,
    };

    /// <summary>Which flags help, where some do.</summary>
    public static string? Hint(ErrorKind kind) => kind switch
    {
        ErrorKind.OutOfMemory => "Less memory: a smaller --batch-size, --crop or --memory-limit, or --device cpu.",
        ErrorKind.Numerics => "A lower --learning-rate may help.",
        ErrorKind.OutputsUnknown => "--outputs describes them.",
        ErrorKind.OtherRun => "--config with that run's run.json takes its options; --force starts anew, --out elsewhere.",
        ErrorKind.DeviceMissing => "Without --device and --engine, what is there is taken.",
        _ => null,
    };
}
