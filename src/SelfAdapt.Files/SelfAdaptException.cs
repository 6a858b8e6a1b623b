using System;

namespace SelfAdapt;

/// <summary>The exit codes of the command line; README.md documents the same table.</summary>
public enum ExitCode
{
    /// <summary>The verb did what it was asked to do.</summary>
    Ok = 0,

    /// <summary>Something failed that should not have: a bug.</summary>
    Unexpected = 1,

    /// <summary>The command line does not make sense (unknown option, value out of range).</summary>
    Usage = 2,

    /// <summary>No usable image was found, or a file that must be read can't be.</summary>
    NoUsableInput = 3,

    /// <summary>The model file is truncated, malformed or not of a kind that is read.</summary>
    ModelMalformed = 4,

    /// <summary>A device or library that was asked for is missing.</summary>
    DeviceMissing = 5,

    /// <summary>Memory ran out.</summary>
    OutOfMemory = 6,

    /// <summary>The numbers ran away (NaN, infinity) and no good checkpoint exists.</summary>
    Numerics = 7,

    /// <summary>The model holds an operator, or a use of one, that can't be trained here.</summary>
    ModelUnsupported = 9,

    /// <summary>Model and images do not fit each other (channel count).</summary>
    ModelImageMismatch = 10,

    /// <summary>The output is already there and --force was not given.</summary>
    OutputExists = 11,

    /// <summary>The output can't be written.</summary>
    OutputNotWritable = 12,

    /// <summary>Stopped by Ctrl-C; what was reached was kept.</summary>
    Cancelled = 130,
}

/// <summary>
/// An error that a user can act on. Its message says what is wrong, where, why, and what to do next;
/// the command line prints it alone, without a stack trace, and exits with <see cref="Code"/>.
/// </summary>
public sealed class SelfAdaptException : Exception
{
    /// <summary>Makes an error with its exit code and message.</summary>
    /// <param name="code">What the command line exits with.</param>
    /// <param name="message">What, where, why, and what next.</param>
    public SelfAdaptException(ExitCode code, string message)
        : base(message) => Code = code;

    /// <summary>Makes an error with its exit code, message and cause.</summary>
    /// <param name="code">What the command line exits with.</param>
    /// <param name="message">What, where, why, and what next.</param>
    /// <param name="inner">The cause.</param>
    public SelfAdaptException(ExitCode code, string message, Exception inner)
        : base(message, inner) => Code = code;

    /// <summary>What the command line exits with.</summary>
    public ExitCode Code { get; }
}
