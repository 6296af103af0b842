import { z } from "zod";

/** Roles, from least to most in what they see; what each may do is in `ROLE_RIGHTS`. */
export const Role = z.enum(["viewer", "operator", "analyst", "security"]);
export type Role = z.infer<typeof Role>;

/** The rights that routes ask for. */
export const Right = z.enum(["read", "command", "critical-command", "demo", "exceptions", "trace", "analysis", "fleet"]);
export type Right = z.infer<typeof Right>;

/** Which role holds which rights. */
export const ROLE_RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  viewer: ["read"],
  operator: ["read", "command", "critical-command", "demo", "exceptions", "trace", "analysis", "fleet"],
  analyst: ["read", "exceptions", "trace", "analysis"],
  security: ["read", "trace"],
};

export const LoginRequest = z
  .object({ name: z.string().min(1).max(80), password: z.string().min(1).max(200) })
  .meta({ id: "LoginRequest" });
export type LoginRequest = z.infer<typeof LoginRequest>;

/** Which of the demo's people to be. */
export const IdentityChoice = z.object({ name: z.string().min(1).max(80) }).meta({ id: "IdentityChoice" });
export type IdentityChoice = z.infer<typeof IdentityChoice>;

/** Who is asking, and what the page needs to know about the installation before it draws anything. */
export const Session = z
  .object({
    user: z.string(),
    role: Role,
    rights: z.array(Right),
    /** True where nobody logged in: the demo on loopback opened the session itself. */
    automatic: z.boolean(),
    /** Who the demo lets a browser be without signing in; empty where people sign in. */
    identities: z.array(z.string()).max(10),
    utility: z.object({
      name: z.string(),
      /** IANA zone of the utility's calendar. */
      zone: z.string(),
      simulated: z.boolean(),
      /** Commands that wait for a second person before anything is sent. */
      approvalFor: z.array(z.string()).max(20),
      version: z.string(),
    }),
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof Session>;
