namespace SelfAdapt.KernelSimulator;

/// <summary>A kernel did what a GPU does not forgive: the message says which kernel, which thread and what.</summary>
public sealed class SimulationException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public SimulationException()
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="message">What happened.</param>
    public SimulationException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="message">What happened, and where.</param>
    /// <param name="inner">What was thrown inside the kernel.</param>
    public SimulationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
